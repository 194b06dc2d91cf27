"""What was found, as pictures.

In reading order:

    drawing  pictures of cells and networks, each as the text of an SVG
"""
