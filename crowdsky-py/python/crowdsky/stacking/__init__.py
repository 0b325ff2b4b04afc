"""What `seestarpy.stacking` offered in seestarpy 0.1.3, module for module: replace the word `seestarpy` by `crowdsky`."""
