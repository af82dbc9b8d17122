"""The Helsinki Deblur Challenge's preparation: training pairs, the refiner's pages, simulated photographs."""
