"""Training the suppression network: recordings, mixtures, features, model, loss, export."""
