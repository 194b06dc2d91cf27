"""Published tables of trained architectures, each with its space.

    choices           spaces in which every decision is one of a few options
    reading           table files, with complaints that name the row
    nasbench101       cells as graphs, three trainings each on CIFAR-10
    nasbench101_file  its published file, with repeats and budgets
    nasbench201       cells of six edges, three image data sets
    macro             chains of eight convolutional layers
    fcnet             multi-layer perceptrons and their training, four regression tasks
    graph             graph neural networks, nine graph data sets
    nlp               a sample of recurrent cells
    ecnas             the smallest cells of nasbench101, with the energy of their training
    spikenas          cells of spiking neurons, with learning curves
    mlp               our own: multi-layer perceptrons on digits

Every loader takes the path of a table file and gives a `Table` for the `TabularEvaluator`.
But for our own the files are not part of the package; each module says where its table
comes from.
"""
