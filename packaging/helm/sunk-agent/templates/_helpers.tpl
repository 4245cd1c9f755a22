{{- define "sunk-agent.labels" -}}
app.kubernetes.io/name: sunk-agent
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "sunk-agent.selector" -}}
app.kubernetes.io/name: sunk-agent
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "sunk-agent.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end }}

{{- define "sunk-agent.isWatched" -}}
{{- if or .Values.podMonitor.enabled .Values.vmPodScrape.enabled -}}true{{- end -}}
{{- end }}

{{/* What the chart decides of sunk-agent.yaml, over what the values say. */}}
{{- define "sunk-agent.config" -}}
{{- $publish := dict "directory" "/var/lib/sunk-agent/generations" -}}
{{- if .Values.volume.existingClaim -}}{{- $_ := set $publish "directory" "/srv/sunk-agent" -}}{{- end -}}
{{- if .Values.volume.heartbeats.existingClaim -}}{{- $_ := set $publish "heartbeats" "/srv/heartbeats" -}}{{- end -}}
{{- if .Values.publishKey.existingSecret -}}{{- $_ := set $publish "key" "/run/secrets/publish-key/publish-key" -}}{{- end -}}
{{- if .Values.secrets.enabled -}}{{- $_ := set $publish "secrets" (omit .Values.secrets "enabled") -}}{{- end -}}
{{- $sudo := list -}}
{{- range .Values.sudoGroups -}}{{- $sudo = append $sudo (dict "name" .) -}}{{- end -}}
{{- $own := dict
  "scim" (dict "tokens" (list (dict "file" "/run/secrets/sunk-agent/nsscache-scim-auth-token")))
  "accounts" (dict "backend" "publish")
  "access" (dict "sudo_groups" $sudo)
  "publish" $publish -}}
{{- if include "sunk-agent.isWatched" . -}}{{- $_ := set $own "metrics" (dict "pod_port" 9911) -}}{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $own | toYaml -}}
{{- end }}

{{/* Settings of a follower: root (the chart's own context) and profile. */}}
{{- define "sunk-agent.followerConf" -}}
volume=/srv/sunk-agent
{{- if .root.Values.volume.heartbeats.existingClaim }}
heartbeats=/srv/heartbeats
{{- end }}
profile={{ .profile }}
{{- if eq .profile "login" }}
users='{{ join " " .root.Values.follower.users }}'
groups='{{ join " " .root.Values.follower.groups }}'
{{- end }}
poll={{ .root.Values.follower.poll }}
version='{{ .root.Chart.AppVersion }}'
publishers=/usr/share/sunk-agent/follower/publishers
operators=/usr/share/sunk-agent/follower/operators
{{- end }}

{{/* sh that writes the follower's files where the slurm chart's pods mount them: a SunkCluster mounts no ConfigMap. */}}
{{- define "sunk-agent.followerFiles" -}}
umask 022
# Whole, by a rename: s6 starts the follower meanwhile, which would read half of them.
rm -rf /usr/share/sunk-agent/follower.new
mkdir -p /usr/share/sunk-agent/follower.new
cd /usr/share/sunk-agent/follower.new
{{- range $path, $text := .Files.Glob "files/follower/*" }}
cat >{{ base $path }} <<'END OF {{ base $path }}'
{{ trimSuffix "\n" (toString $text) }}
END OF {{ base $path }}
{{- end }}
cat >publishers <<'END OF publishers'
{{ join "\n" .Values.follower.publishers }}
END OF publishers
cat >operators <<'END OF operators'
{{ join "\n" .Values.follower.operators }}
END OF operators
{{- range list "login" "compute" }}
cat >{{ . }}.conf <<'END OF {{ . }}.conf'
{{ include "sunk-agent.followerConf" (dict "root" $ "profile" .) }}
END OF {{ . }}.conf
{{- end }}
rm -rf /usr/share/sunk-agent/follower
mv -T /usr/share/sunk-agent/follower.new /usr/share/sunk-agent/follower
cd /usr/share/sunk-agent/follower
{{- end }}
