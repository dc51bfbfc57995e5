# One image for every process of the hub; docker-compose.yaml names the command of each.
FROM python:3.11-slim-bookworm AS packages
WORKDIR /opt/orderhub
COPY requirements.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --home-dir /var/lib/orderhub --create-home orderhub
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/orderhub
COPY pyproject.toml ./
COPY include include
COPY dags dags
COPY plugins plugins
COPY expectations expectations
COPY sandbox sandbox
ENV PATH=/opt/venv/bin:$PATH \
    ORDERHUB_ROOT=/opt/orderhub \
    ORDERHUB_HOME=/var/lib/orderhub
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
    && python -m compileall -q include dags
USER 10001:10001
VOLUME /var/lib/orderhub
CMD ["orderhub", "--help"]
