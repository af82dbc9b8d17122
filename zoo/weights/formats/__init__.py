"""Files of weights, one format each: `read(path)` gives arrays by their flat names and never runs what a file asks for.

Containers inside a file are joined with `/` (`params/intro.weight`, `opt/target/Conv_0/kernel`), the names themselves
are as the file has them. Nothing here needs the framework that wrote a file.
"""
