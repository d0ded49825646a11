# SPDX-License-Identifier: MIT
# Builds the one binary, and an image that holds it and the libraries it needs. Run it with a gateway folder:
#   docker run -p 8080:8080 -v ./my-gateway:/gateway:ro -v perilune:/data perilune
FROM debian:12-slim AS build
COPY .ci /src/.ci
RUN /src/.ci/setup
COPY CMakeLists.txt /src/
COPY core /src/core
COPY lua /src/lua
COPY plugins /src/plugins
# The build that is measured, which Release (-O3) is not.
RUN cmake -S /src -B /build -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPERILUNE_TESTS=OFF \
 && cmake --build /build --parallel --target perilune \
 && strip --strip-debug /build/perilune

FROM debian:12-slim
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends libluajit2-5.1-2 libcurl4 libev4 libsqlite3-0 libexpat1 libssl3 libunistring2 libpcre2-8-0 zlib1g lua-cjson tzdata ca-certificates curl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 perilune && mkdir /data && chown perilune /data
COPY --from=build /build/perilune /usr/local/bin/perilune
USER perilune
VOLUME /data
EXPOSE 8080
# Beyond loopback the gateway wants tokens: set them in gateway.lua or by PERILUNE_TOKENS_INGEST and PERILUNE_TOKENS_ADMIN.
ENV PERILUNE_LISTEN=0.0.0.0:8080 PERILUNE_STORE=/data/perilune.db
HEALTHCHECK --interval=10s CMD curl -sf http://127.0.0.1:8080/healthz || exit 1
CMD ["perilune", "run", "/gateway"]
