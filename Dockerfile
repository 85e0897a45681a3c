# The bot only: no demo, no compiler, no PostgreSQL programs (those run on the nodes).
# docker build -t seconder .
FROM python:3.12-slim AS packages
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv --without-pip /opt/venv \
 && python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary=:all: \
        --prefix=/opt/venv -r /tmp/requirements.txt

FROM python:3.12-slim
RUN groupadd --gid 10001 seconder \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/seconder-bot --shell /usr/sbin/nologin seconder \
 && install -d -m 0700 -o seconder -g seconder /var/lib/seconder-bot
COPY --from=packages /opt/venv /opt/venv
COPY core /opt/seconder/core
COPY audit /opt/seconder/audit
COPY approvals /opt/seconder/approvals
COPY runs /opt/seconder/runs
COPY fleet /opt/seconder/fleet
COPY actions /opt/seconder/actions
COPY bot /opt/seconder/bot
COPY config /opt/seconder/config
COPY LICENSE /opt/seconder/LICENSE
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/seconder \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SECONDER_HOME=/var/lib/seconder-bot \
    SECONDER_CONFIG=/etc/seconder/seconder.toml
USER 10001:10001
WORKDIR /var/lib/seconder-bot
VOLUME /var/lib/seconder-bot
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "bot.cli"]
CMD ["serve"]
