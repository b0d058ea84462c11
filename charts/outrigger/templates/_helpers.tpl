{{- define "outrigger.labels" -}}
app.kubernetes.io/name: outrigger
app.kubernetes.io/component: webhook
{{- end }}

{{- define "outrigger.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "outrigger.host" -}}
outrigger-webhook.{{ .Release.Namespace }}.svc
{{- end }}
