# One image for the server and its workers: docker compose up
FROM python:3.11-slim

WORKDIR /app
COPY constraints.txt ./
# PyTorch's CPU build, if PIP_FLAGS names the index that has it, and in a layer of its own.
ARG PIP_FLAGS=""
RUN pip install --no-cache-dir ${PIP_FLAGS} "$(grep '^torch==' constraints.txt)"

COPY pyproject.toml README.md LICENSE ./
COPY client ./client
COPY migrations ./migrations
COPY optimizer ./optimizer
COPY resource_models ./resource_models
COPY service ./service
COPY worker ./worker
RUN pip install --no-cache-dir ${PIP_FLAGS} -c constraints.txt ./client '.[all]'

RUN useradd --create-home tinyfront && install -d -o tinyfront /data
USER tinyfront
WORKDIR /data
ENTRYPOINT ["tinyfront-server"]
CMD ["serve"]
