# syntax=docker/dockerfile:1
# Two stages: the build with every dependency; and an image of nothing but node, dist and the production dependencies.

FROM node:26.10.0-bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# for `outrigger capture`: the rules of both kernel interfaces, and one address; whatever this release of Debian has
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends iptables iproute2 && rm -rf /var/lib/apt/lists/*
WORKDIR /outrigger
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm ci --omit=dev --no-audit --no-fund
# what only people and compilers read
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.md' \) -delete
COPY bin bin
COPY config config

# code that is compiled already: one start and stop as the user of the image, for whom alone Node keeps it
RUN install -d -o 1337 node_modules/.cache/outrigger
USER 1337:1337
RUN timeout --preserve-status 5 node bin/outrigger.js run --config config/one-application
# only for the rest of this stage; the image has its own USER
# hadolint ignore=DL3002
USER 0:0
RUN chmod -R a+rX node_modules/.cache

# all that the programs need: the binaries, the libraries that they name, how names are resolved
COPY scripts/image-root.sh scripts/image-root.sh
RUN scripts/image-root.sh /rootfs

FROM scratch
COPY --from=build /rootfs /
WORKDIR /outrigger
COPY --from=build /outrigger/node_modules node_modules
COPY --from=build /outrigger/dist dist
COPY package.json LICENSE ./
COPY bin bin
COPY config config
ENV NODE_ENV=production \
  XTABLES_LOCKFILE=/dev/shm/xtables.lock \
  OUTRIGGER_HEALTH=http://127.0.0.1:15020/healthz/live
# as Istio's proxy, so that rules which spare its traffic from capture spare this one's
USER 1337:1337
EXPOSE 15001 15006 15020
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s --retries=3 \
  CMD ["/usr/local/bin/node", "-e", "fetch(process.env.OUTRIGGER_HEALTH).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# as line 1 of bin/outrigger.js
ENTRYPOINT ["/usr/local/bin/node", "--no-memory-pool-share-memory-on-teardown", "/outrigger/bin/outrigger.js"]
CMD ["run", "--config", "/etc/outrigger"]
