# This stage builds both programs and is the same in both Dockerfiles: the second image finds it in
# the cache. It needs BuildKit and no network.
FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY Package.swift ./
# The sources of the tests are not part of the images, and the manifest may not name them.
RUN echo 'package.targets.removeAll { $0.type == .test || $0.name == "TestSupport" }' >>Package.swift
COPY Sources Sources
# .build is a cache: after a change, only the changed module is recompiled. SwiftPM's sandbox cannot
# be nested in a container.
RUN --mount=type=cache,target=/src/.build,sharing=locked \
    swift build -c release --disable-sandbox -Xswiftc -static-executable -Xlinker -s \
 && mkdir -p /out/root && mkdir -m 1777 /out/root/data \
 && cp .build/release/lottery-server .build/release/agency-client /out/

FROM busybox:latest
LABEL org.opencontainers.image.title="lottery-server" \
      org.opencontainers.image.description="Stores the agencies' bets and holds the draw"
# The server looks for config.ini in its working directory.
WORKDIR /
COPY --from=build /out/lottery-server /lottery-server
# A volume mounted here gets this owner and mode, so that the server may write to it, also as the
# user that generar-compose.sh gives it if the configuration is for its owner alone.
COPY --from=build --chown=10001:10001 /out/root/ /
ENV SERVER_DATA_DIR=/data
USER 10001:10001
EXPOSE 12345
ENTRYPOINT ["/lottery-server"]
