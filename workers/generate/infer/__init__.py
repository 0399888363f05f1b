"""Datasets from samples: a file of real records becomes a dataset that makes similar ones."""

from workers.generate.infer.inferring import infer_dataset
from workers.generate.infer.reading import FORMATS, read_sample

__all__ = ["FORMATS", "infer_dataset", "read_sample"]
