"""Other people's noise suppressors behind one interface, for comparison; bandwise needs none of them."""
