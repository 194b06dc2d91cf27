"""The LSTM controller, and the ways in which it learns.

In reading order:

    options                how a published controller differs from ours, as data
    policy_gradient        the mathematics of learning a policy from scores
    controller             an LSTM that writes architectures token by token, and foresees scores
    learner                gradient steps on its policy
    adversarial_predictor  its accuracy head: what it pays, and where its gradient goes
    ppo                    several clipped gradient steps on every batch of the policy
    reinforce              a controller rewarded for the scores of what it writes
    on_policy              a controller for weights that all architectures share
"""
