# shellcheck shell=dash
# Imports the file $file, where containerd has no $image.

case "
$(ctr -n k8s.io images ls -q </dev/null)
" in
  *"
$image
"*) ;;
  *) ctr -n k8s.io images import "$file" 2>&1 </dev/null ;;
esac
