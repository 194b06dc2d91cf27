"""Where trainings run: here, in worker processes, on a cluster.

In reading order:

    worker_pool   hands jobs to workers, and outlives what happens to them
    executors     where trainings run
    ray_executor  the executor for clusters, with Ray (`pip install mlpnas[ray]`)
"""
