"""What was found, as pictures.

In reading order:

    drawing  pictures of recurrent cells, each as the text of an SVG
"""
