"""From a user's file to clean columns; `mlpnas.table` is the door.

csv_file, arrays, reading   a CSV, parquet or npz file in memory, or a clear refusal
columns, schema             how cells are read by a column's kind, and what kind each column is
targets                     what is to be predicted, and whether that can be learned
selection                   which columns to leave out, which look too good
folds                       one seeded split
encoding                    columns to numbers, fitted on the training fold alone
"""
