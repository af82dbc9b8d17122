"""Published weights: what there is and where, files of other frameworks read and turned into models of this zoo.

`catalogue` says what is published, `read` gives the tensors of a file whatever wrote it, `names` says which layer of
ours each tensor belongs to, `convert` puts it there, `store` keeps what was converted.
"""
