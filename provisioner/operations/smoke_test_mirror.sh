#!/bin/sh
# The part of smoke_test.sh that pulls an image from a mirror. It runs on every node with pods of the
# test's, and uses no kubectl.
# shellcheck disable=SC2154  # m_scratch

# Pulls IMAGE as the kubelet does. WORD, "muster-test-...", is nobody else's.
mirror() { # CRICTL IMAGE WORD URL...
  m_crictl=$1 m_image=$2 m_word=$3
  shift 3
  m_repository=${m_image#*/}
  m_repository=${m_repository%:*}
  m_since=$(date +%s)
  # One that nobody has: who is asked for it first is passed over, which containerd notes.
  pull 20 "${m_image%:*}:$m_word"
  said_of "/$m_repository/manifests/$m_word" | about_mirrors "$@" >"$m_scratch"
  m_asked=$(cat "$m_scratch")
  pull 90 "$m_image"
  m_pulled=$?
  said_of "/$m_repository/" | grep -vF '/manifests/muster-test-' | about_mirrors "$@" >"$m_scratch"
  if [ "$m_pulled" != 0 ]; then
    [ -s "$m_scratch" ] || printf '%s\n' "$m_said" | tail -n 1 >"$m_scratch"
    why "$m_image is not pulled: $(reason_of <"$m_scratch")"
    return 1
  fi
  said_of "$m_image" >/dev/null || skipped "$m_image is pulled, and containerd's log does not say from where"
  if [ -s "$m_scratch" ]; then
    cat "$m_scratch"
    why "$m_image is pulled, but a mirror was passed over: $(reason_of <"$m_scratch")"
    return 1
  fi
  [ -n "$m_asked" ] && return
  why "$m_image is pulled, but no mirror was asked for it"
  return 1
}

pull() { # SECONDS IMAGE
  printf '$ crictl pull %s\n' "$2"
  m_said=$(timeout $(($1 * m_longer)) "$m_crictl" pull "$2" 2>&1)
  m_code=$?
  printf '%s\n' "$m_said"
  return "$m_code"
}

# What containerd has said of it since the case began.
said_of() { # TEXT
  journalctl --sync 2>/dev/null
  journalctl -u containerd.service --since "@$m_since" -o cat --no-pager 2>/dev/null | grep -F "$1"
}

# The first line of stdin that passes one of them over.
about_mirrors() { # URL...
  m_lines=$(grep 'trying next host\|fetch failed')
  for m_mirror in "$@"; do
    printf '%s\n' "$m_lines" | grep -F "url=\"${m_mirror%/}/" && return
  done | head -n 1
}

# In words: its error, or else its message.
reason_of() {
  sed "s/\\\\\"/'/g; s/.* error=\"\([^\"]*\)\".*/\\1/; s/.*msg=\"\([^\"]*\)\".*/\\1/"
}
