"""The networks that ship: ONNX files, their checksums and their card."""
