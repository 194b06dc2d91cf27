# A search in a container; the folder with the table is mounted as /data:
#
#     docker build -t mlpnas .
#     docker run --rm -v "$PWD":/data mlpnas search my.csv --target price
FROM python:3.12-slim

COPY setup.cfg pyproject.toml README.md LICENSE /src/
COPY mlpnas /src/mlpnas
COPY cnnnas /src/cnnnas
COPY rnncell /src/rnncell
RUN pip install --no-cache-dir "/src[parquet]" && rm -r /src

# Whoever runs it with `--user` has no home; Keras and Matplotlib want one to write to.
ENV HOME=/tmp
WORKDIR /data
ENTRYPOINT ["mlpnas"]
CMD ["--help"]
