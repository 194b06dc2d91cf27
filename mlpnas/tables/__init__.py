"""From a user's file to clean columns; `mlpnas.table` is the door.

csv_file, arrays, reading   a CSV, parquet or npz file in memory, or a clear refusal
targets                     what is to be predicted, and whether that can be learned
columns, selection          what each column is, which to leave out, which look too good
folds                       one seeded split
encoding                    columns to numbers, fitted on the training fold alone
"""
