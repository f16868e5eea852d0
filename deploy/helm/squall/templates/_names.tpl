{{- define "squall.name" -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "squall.labels" -}}
app.kubernetes.io/name: squall
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* What selects the pods of one member: (list . "worker") */}}
{{- define "squall.selector" -}}
app.kubernetes.io/name: squall
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "squall.internalUrl" -}}
http://{{ include "squall.name" . }}-api:{{ .Values.service.port }}
{{- end }}
