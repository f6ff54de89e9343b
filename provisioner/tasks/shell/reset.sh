# shellcheck shell=dash
# In every script, and called before anything else.

# What a login's shell was told before must not matter. IFS is a space, a tab and a newline.
m_reset() {
  set +aCefux
  IFS=' 	
'
  umask 022
}
