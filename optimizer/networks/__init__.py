"""Spaces of networks: one genotype, of which `tiny`, `sparse` and `munas` are presets of ranges.

From the outside in:

* `space` is all that a designer asks: sample, morph, validate, encode, key, figures, lower, work.
* `genotype` is the point (plain JSON), `validity` what makes it one, `ranges` what a study may
  choose, `presets` the ranges of each kind, `recipe` the training that is not searched.
* `steps` says what a point computes: `step` one node, `layer_steps` a layer, `joins` two maps
  that become one. `tally` sums steps up, `lower` builds the graph.
* `prior`, `structure` and `treatment` draw points (`chance` how, `meter` measures them), `corners`
  finds the cheapest. `morphs` is the table of the changes in `block_morphs`, `layer_morphs`,
  `head_morphs` and `treatment_morphs`.
* `features` turns a point into numbers for a model, `traits` into what a reader sees of it;
  `scales` fixes the scales of a study.
"""
