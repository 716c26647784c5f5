# Builds the program in one stage and runs it, without compiler and sources, in another.
#
#   docker build -t avatar-edge .
#   docker run -p 8080:8080 -v ./avatar-edge.yaml:/etc/avatar-edge/avatar-edge.yaml:ro avatar-edge
#
# compose.yaml beside this has an edge with all that is around it. script/image builds this without a registry, and tries it.
#
# The admin port listens on loopback inside the container unless the configuration says otherwise (then it needs a
# token). `docker kill -s HUP` reloads; `docker stop -t 35` leaves the default drain of 30 s its time.

# Another Debian 13, such as one of your own.
ARG BASE=debian:trixie-slim

FROM $BASE AS build
WORKDIR /src
# Alone first, so that a change of the sources installs nothing again.
COPY script/bootstrap script/bootstrap
RUN script/bootstrap --build
COPY . .
RUN EDGE_CMAKE_OPTIONS=-DEDGE_TESTS=OFF script/build release \
 && strip -o /avatar-edge build/release/avatar-edge

FROM $BASE
COPY script/bootstrap /tmp/bootstrap
RUN /tmp/bootstrap --runtime \
 && rm -rf /tmp/bootstrap /var/lib/apt/lists/* /var/cache/apt/*.bin \
 && useradd --system --no-create-home --shell /usr/sbin/nologin avatar-edge
COPY --from=build /avatar-edge /usr/bin/avatar-edge
COPY config/avatar-edge.yaml /etc/avatar-edge/avatar-edge.yaml
USER avatar-edge
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s \
  CMD ["avatar-edge", "status", "--config", "/etc/avatar-edge/avatar-edge.yaml"]
ENTRYPOINT ["avatar-edge"]
CMD ["serve", "--config", "/etc/avatar-edge/avatar-edge.yaml"]
