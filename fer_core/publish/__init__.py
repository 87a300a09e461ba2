"""A finished training run as files for others: ONNX, int8, LiteRT, Keras, each checked against the original, with its card."""
