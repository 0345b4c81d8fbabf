# Build: everything that is needed to bundle and nothing of it in the image that runs.
FROM node:26-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN bin/node scripts/build.ts

# Run: apps are added by images that build upon this one.
FROM node:26-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/navigator
COPY --from=build /build/package.json /build/LICENSE /build/README.md ./
COPY --from=build /build/bin ./bin
COPY --from=build /build/dist ./dist
RUN ln -s /opt/navigator/bin/navigator /usr/local/bin/navigator
WORKDIR /app
RUN chown node:node /app
USER node
# The first start fills the compile cache, so that later ones find it.
RUN navigator --version
EXPOSE 3000
# tini takes in orphans of the apps; signals go on to navigator, which stops in order.
ENTRYPOINT ["tini", "--"]
CMD ["navigator", "config/navigator.yml"]
