{{- define "sunk-agent.labels" -}}
app.kubernetes.io/name: sunk-agent
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "sunk-agent.selector" -}}
app.kubernetes.io/name: sunk-agent
app.kubernetes.io/instance: {{ .Release.Name }}
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
