# syntax=docker/dockerfile:1

# --- What runs in production, without what builds it. ---
FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Native parts come ready-made in the packages: no script of theirs has to run.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# --- The compiled service. ---
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -b tsconfig.build.json && rm dist/.tsbuildinfo

# --- The image. ---
FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data \
    MONGO_ENGINE_PORT=27117
# Nobody else has this number, and it owns nothing but the data: the service cannot change its own code.
RUN groupadd --gid 10001 rollcall \
    && useradd --uid 10001 --gid rollcall --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin rollcall \
    && mkdir /data \
    && chown rollcall:rollcall /data \
    && chmod 700 /data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ecosystem.config.cjs ./
COPY scripts/start-cluster.mjs scripts/healthcheck.mjs ./scripts/
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "scripts/healthcheck.mjs"]
# No shell and no npm between: the signals of `docker stop` reach the process that listens for them.
CMD ["node", "dist/main.js"]
