"""What a user would have tried otherwise, and what may be concluded.

In reading order:

    scikit_learn  what a user would have tried otherwise, judged as the searched network is
    verdict       what several methods reached on several splits lets one conclude
    compare       is it better than what one would have tried otherwise, and better than luck?
"""
