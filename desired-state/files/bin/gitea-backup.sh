#!/bin/sh
# Dumps Gitea into $GITEA_BACKUP_DIR/gitea-backup-<UTC stamp>.tar.gz and removes dumps older than $GITEA_BACKUP_KEEP_DAYS.
# A dump gets its name only when it is complete. The newest one is never removed.
set -eu
umask 077

: "${GITEA_BIN:?}" "${GITEA_USER:?}" "${GITEA_APP_INI:?}" "${GITEA_BACKUP_DIR:?}" "${GITEA_BACKUP_KEEP_DAYS:?}"
# Gitea looks at where it is started, and may not look into the directory of its dumps.
cd /
stamp=$(date -u +%Y%m%dT%H%M%SZ)
partial=$GITEA_BACKUP_DIR/.partial-$stamp.tar.gz
trap 'rm -f "$partial"' EXIT
trap 'exit 143' TERM
# What a power cut left of an earlier one.
find "$GITEA_BACKUP_DIR" -maxdepth 1 -name '.partial-*.tar.gz' -mmin +720 -exec rm -f {} +

as_gitea() {
  if [ "$(id -un)" = "$GITEA_USER" ]; then "$@"; else runuser -u "$GITEA_USER" -- "$@"; fi
}
as_gitea "$GITEA_BIN" dump --config "$GITEA_APP_INI" --type tar.gz --file - --quiet >"$partial"
tar -tzf "$partial" >/dev/null
newest=gitea-backup-$stamp.tar.gz
sync "$partial"
mv "$partial" "$GITEA_BACKUP_DIR/$newest"
echo "wrote $newest, $(wc -c <"$GITEA_BACKUP_DIR/$newest") bytes"
find "$GITEA_BACKUP_DIR" -maxdepth 1 -name 'gitea-backup-*.tar.gz' ! -name "$newest" -mtime "+$GITEA_BACKUP_KEEP_DAYS" -exec rm -f {} +
