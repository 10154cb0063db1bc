# blur without a network, as a user without rights. Build beside this file, with a network:
#
#     docker build -t blur-faces .
#     docker run --rm --network none --user "$(id -u):$(id -g)" \
#         -v "$PWD/FOOTAGE:/footage:ro" -v "$PWD/COVERED:/covered" \
#         blur-faces run /footage -o /covered
#
# Not built by the project's tests.
FROM python:3.12-slim AS build
COPY . /source
RUN python -m venv /opt/blur && /opt/blur/bin/pip install --no-cache-dir "/source[demo]"

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libegl1 libgles2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home editor
COPY --from=build /opt/blur /opt/blur
USER editor
WORKDIR /home/editor
ENTRYPOINT ["/opt/blur/bin/blur"]
