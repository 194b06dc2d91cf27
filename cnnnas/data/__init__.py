"""From images as people have them to a Task.

In reading order:

    image_folder  picture files in folders as people have them
    pictures      picture files become one array
    image_files   an npz file, a folder of class folders, or a name Keras knows
    images        images become a Task: checked, sampled, split into folds, standardised
    new_images    images to predict or to compare with
"""
