"""What people read of a run, in a terminal and as a page.

In reading order:

    figures      pictures of a search, each as the text of an SVG
    page         a report as one HTML file that opens without a network
    quality      how good a delivered network is on labelled rows, and what it looks at
    terminal     what people read of a run in a terminal
    sections     what a page tells of any search, in sections
    search_page  the page of a search over a kit's space
"""
