"""Words of running text: how they are told apart, counted, sampled; lists and vectors of them."""
