{{- define "flamepin.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "flamepin.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "flamepin.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "flamepin.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* For objects that belong to no namespace: two releases of one name must not share them. */ -}}
{{- define "flamepin.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "flamepin.fullname" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "flamepin.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "flamepin.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name: name the account that exists, or set serviceAccount.create" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "flamepin.selector" -}}
app.kubernetes.io/name: {{ include "flamepin.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "flamepin.labels" -}}
{{ include "flamepin.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* dict "image" (registry, repository, tag, digest) "root" $ → a reference. */ -}}
{{- define "flamepin.image" -}}
{{- $registry := .image.registry | default .root.Values.imageRegistry -}}
{{- $name := ternary .image.repository (printf "%s/%s" $registry .image.repository) (empty $registry) -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "flamepin.mayJoin" -}}
{{- if kindIs "bool" .Values.rbac.ephemeralContainers -}}
{{- ternary "yes" "" .Values.rbac.ephemeralContainers -}}
{{- else -}}
{{- ternary "yes" "" .Values.ephemeralContainers.enabled -}}
{{- end -}}
{{- end -}}
