{{- define "flamepin.data" -}}/var/lib/flamepin{{- end -}}

{{- /* What is wrong with the values and no schema can say; included once, by the ConfigMap. */ -}}
{{- define "flamepin.check" -}}
{{- if and .Values.rbac.clusterWide .Values.targetNamespaces -}}
{{- fail "targetNamespaces: must be empty with rbac.clusterWide, which means all of them" -}}
{{- end -}}
{{- if not (or .Values.rbac.clusterWide .Values.targetNamespaces) -}}
{{- fail "targetNamespaces: name the namespaces whose JVMs may be profiled (targetNamespaces={shop,payment}), or set rbac.clusterWide" -}}
{{- end -}}
{{- $sources := list -}}
{{- range .Values.secrets -}}
{{- if hasPrefix "sources." .key -}}{{- $sources = append $sources (index (splitList "." .key) 1) -}}{{- end -}}
{{- end -}}
{{- range $name, $_ := .Values.config.sources | default dict -}}
{{- if not (has $name $sources) -}}
{{- fail (printf "secrets: source %s has no secret; anybody who reaches flamepin could have JVMs profiled. Add {key: sources.%s.bearerTokenFile, secretName: …, secretKey: …}" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if not $sources -}}
{{- fail "secrets: no source has a secret. Add {key: sources.alertmanager.bearerTokenFile, secretName: …, secretKey: …}, or one for sources.grafana.hmacSecretFile" -}}
{{- end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail "replicas: SQLite belongs to one process; set replicas to 1" -}}
{{- end -}}
{{- range $label, $_ := include "flamepin.labels" . | fromYaml -}}
{{- if hasKey $.Values.podLabels $label -}}
{{- fail (printf "podLabels: %s is set by the chart" $label) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: name the gateway that the route is for" -}}
{{- end -}}
{{- end -}}

{{- /* The configuration as flamepin reads it: what the chart knows, over it what was written, over it the secrets. */ -}}
{{- define "flamepin.config" -}}
{{- $data := include "flamepin.data" . -}}
{{- $config := dict
  "server" (dict "host" "0.0.0.0" "port" 8080)
  "profiler" (dict "directory" "/opt/flamepin")
  "ledger" (dict "sqlite" (dict "path" (printf "%s/flamepin.db" $data))) -}}
{{- if not (dig "storage" "s3" "" .Values.config) -}}
{{- $_ := set $config "storage" (dict "filesystem" (dict "directory" (printf "%s/artifacts" $data))) -}}
{{- end -}}
{{- $kubernetes := dict -}}
{{- if .Values.targetNamespaces -}}
{{- $_ := set $kubernetes "namespaces" .Values.targetNamespaces -}}
{{- end -}}
{{- if .Values.ephemeralContainers.enabled -}}
{{- $image := .Values.ephemeralContainers.image -}}
{{- $_ := set $kubernetes "ephemeral" (dict "image" (include "flamepin.image" (dict "image" $image "root" $)) "pullPolicy" $image.pullPolicy) -}}
{{- end -}}
{{- $_ := set $config "targets" (dict "kubernetes" $kubernetes) -}}
{{- $config = mergeOverwrite $config (deepCopy .Values.config) -}}
{{- range .Values.secrets -}}
{{- $value := printf "/run/secrets/flamepin/%s" .key -}}
{{- range reverse (splitList "." .key) -}}{{- $value = dict . $value -}}{{- end -}}
{{- $config = mergeOverwrite $config $value -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}
