"""A run on a page, with pictures of what was found.

In reading order:

    drawing  pictures of recurrent cells, each as the text of an SVG
    page     the report of a run as a page
"""
