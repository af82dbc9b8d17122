"""Models of a user's own: a function in a Python file or module, a `.keras` file, an ONNX file."""
