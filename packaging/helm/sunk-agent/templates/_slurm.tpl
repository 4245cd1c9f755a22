{{/* The Slurm worker's containers and volumes, in the publisher's pod: the socket between them is a file of the pod. */}}
{{- define "sunk-agent.slurmSecurity" -}}
runAsNonRoot: true
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
{{- end }}

{{- define "sunk-agent.slurmInit" -}}
{{- with .Values.slurm.worker -}}
{{- range list .uid .munge.uid -}}
{{- if eq (int .) 9810 -}}{{- fail "slurm.worker: 9810 is the reader's uid, and the agent would take the worker for the reader" -}}{{- end -}}
{{- end }}
# The program and Node, which the Slurm image has not.
- name: slurm-program
  image: {{ include "sunk-agent.image" $ | quote }}
  imagePullPolicy: {{ $.Values.image.pullPolicy }}
  command: [/usr/lib/sunk-agent/pod/lay-slurm, /slurm-program]
  securityContext:
    runAsUser: {{ .uid }}
    runAsGroup: 9812
    {{- include "sunk-agent.slurmSecurity" $ | nindent 4 }}
  volumeMounts:
    - { name: slurm-program, mountPath: /slurm-program }
# munged takes a key, and a directory for its socket, of its own user alone.
- name: munge-key
  image: {{ required "slurm.worker.image: the image of Slurm that the cluster runs" .image | quote }}
  command:
    - sh
    - -euc
    - install -d -m 0755 /munge/socket && install -d -m 0700 /munge/key && install -m 0400 /run/secrets/munge/key /munge/key/munge.key
  securityContext:
    runAsUser: {{ .munge.uid }}
    runAsGroup: {{ .munge.uid }}
    {{- include "sunk-agent.slurmSecurity" $ | nindent 4 }}
  volumeMounts:
    - { name: munge, mountPath: /munge }
    - { name: munge-secret, mountPath: /run/secrets/munge, readOnly: true }
{{- end -}}
{{- end }}

{{- define "sunk-agent.slurmContainers" -}}
{{- with .Values.slurm.worker -}}
- name: munge
  image: {{ .image | quote }}
  command: [munged, --foreground, --key-file=/etc/munge/munge.key, --socket=/run/munge/munge.socket.2, --pid-file=/run/munge/munged.pid, --seed-file=/run/munge/munged.seed]
  securityContext:
    runAsUser: {{ .munge.uid }}
    runAsGroup: {{ .munge.uid }}
    {{- include "sunk-agent.slurmSecurity" $ | nindent 4 }}
  resources: {{- toYaml .resources | nindent 4 }}
  livenessProbe:
    exec:
      command: [munge, --no-input, --output=/dev/null]
    periodSeconds: 30
    failureThreshold: 4
  volumeMounts:
    - { name: munge, mountPath: /run/munge, subPath: socket }
    - { name: munge, mountPath: /etc/munge, subPath: key, readOnly: true }
# Slurm's commands, as an Operator of slurmdbd: no token, no accounts, and nothing that it could write.
- name: slurm
  image: {{ .image | quote }}
  command: [/usr/lib/sunk-agent/slurm, --socket, /run/sunk-agent/slurm.sock]
  env:
    # For Node alone: Slurm's commands get an environment of their own.
    - { name: LD_LIBRARY_PATH, value: /usr/lib/sunk-agent/lib }
  securityContext:
    runAsUser: {{ .uid }}
    runAsGroup: 9812
    {{- include "sunk-agent.slurmSecurity" $ | nindent 4 }}
  resources: {{- toYaml .resources | nindent 4 }}
  livenessProbe:
    exec:
      command: [munge, --no-input, --output=/dev/null]
    periodSeconds: 60
    failureThreshold: 4
  volumeMounts:
    - { name: run, mountPath: /run/sunk-agent, readOnly: true }
    - { name: slurm-program, mountPath: /usr/lib/sunk-agent, readOnly: true }
    - { name: slurm-config, mountPath: /etc/slurm, readOnly: true }
    - { name: munge, mountPath: /run/munge, subPath: socket, readOnly: true }
{{- end -}}
{{- end }}

{{- define "sunk-agent.slurmVolumes" -}}
{{- with .Values.slurm.worker -}}
- name: slurm-program
  emptyDir: { sizeLimit: 256Mi }
- name: slurm-config
  configMap: { name: {{ required "slurm.worker.existingConfigMap: slurm.conf" .existingConfigMap | quote }} }
- name: munge
  emptyDir: { medium: Memory, sizeLimit: 8Mi }
- name: munge-secret
  secret:
    secretName: {{ required "slurm.worker.munge.existingSecret: the munge key" .munge.existingSecret | quote }}
    # For the one init container that mounts it.
    defaultMode: 0444
    items:
      - { key: {{ .munge.key | quote }}, path: key }
{{- end -}}
{{- end }}
