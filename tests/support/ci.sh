# For scripts that run the pipelines in examples/ci as their CI does. Set $root, $work and $muster
# before. The steps run in $work/checkout, with $work/bin/muster.
# shellcheck shell=bash disable=SC2154  # root, work and muster are the script's

ci_files=(github-actions.yml gitlab-ci.yml Jenkinsfile)

# Of the machine: what a runner gives its jobs.
ci_environment() {  # BUILD
  printf '%s\n' "PATH=$work/bin:/usr/sbin:/usr/bin:/sbin:/bin" "HOME=$work/home" CI=true \
    "GITHUB_RUN_ID=$1" GITHUB_RUN_ATTEMPT=1 "CI_JOB_ID=$1" "BUILD_NUMBER=$1" \
    "MUSTER_STATE=$MUSTER_STATE"
  env | grep -E '^MUSTER_(CACHE|LOCAL_DIR|INVENTORY_DIR)=|^CI_TEST_' || true
}

ci_name() {  # FILE BUILD: of the deployment
  case $1 in github-actions.yml) echo "ci-$2-1" ;; *) echo "ci-$2" ;; esac
}

ci_step() {  # FILE BUILD STEP
  local -a environment shell
  mapfile -t environment < <(ci_environment "$2"; cat "$work/steps/$1/variables")
  read -ra shell < "$work/steps/$1/shell"
  (cd "$work/checkout" && env -i "${environment[@]}" "${shell[@]}" "$3") </dev/null
}

# The exit code is the first bad one of the steps that matter: of a job, or of what the schedule
# runs.
ci_run() {  # FILE BUILD KIND...: KIND is main, always or nightly
  local file=$1 build=$2 code=0 kind step
  shift 2
  for kind; do
    for step in "$work/steps/$file"/*."$kind"; do
      [ "$kind" != main ] || [ "$code" = 0 ] || break
      echo "--- $file: $(basename "$step")"
      ci_step "$file" "$build" "$step" || code=$?
    done
  done
  return "$code"
}
ci_pipeline() { ci_run "$1" "$2" main always; }

ci_prepare() {  # takes the steps out
  local file
  mkdir -p "$work/bin" "$work/home" "$work/checkout/examples/ci"
  cp "$root/examples/ci/cluster.json" "$work/checkout/examples/ci"
  for file in "${ci_files[@]}"; do
    "$root/tests/support/ci_steps.py" "$root/examples/ci/$file" "$work/steps/$file" || return
  done
}
