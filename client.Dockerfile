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
LABEL org.opencontainers.image.title="agency-client" \
      org.opencontainers.image.description="Sends an agency's bets and asks for its winners"
# The agency looks for config.yaml and .data/agency-N.csv in its working directory.
WORKDIR /
COPY --from=build /out/agency-client /agency-client
USER 10001:10001
ENTRYPOINT ["/agency-client"]
