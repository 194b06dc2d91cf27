"""How one network is trained.

In reading order:

    base           Trainer: a Job in, an Outcome out
    keras_trainer  fits any generator's model with plain `compile` and `fit`
    retraining     training at length: what diverges is begun again with smaller steps
    schedules      learning rates as functions of the epochs done
"""
