{{- /* Exactly what src/targets/kubernetes asks for; each switch leaves one feature out. */ -}}
{{- define "flamepin.rules" -}}
- { apiGroups: [''], resources: [pods], verbs: [get, list] }
# Kubernetes asks for create as well from 1.35 on.
- { apiGroups: [''], resources: [pods/exec], verbs: [get, create] }
{{- if .Values.rbac.workloads }}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: [get{{ if .Values.rbac.clusterWide }}, list{{ end }}]
{{- if .Values.rbac.clusterWide }}
# The namespace of a workload that an alert names without one.
- { apiGroups: [batch], resources: [jobs], verbs: [list] }
{{- end }}
{{- end }}
{{- if .Values.rbac.autoscalers }}
- { apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [get] }
{{- end }}
{{- if .Values.rbac.services }}
- { apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list] }
{{- end }}
{{- if .Values.rbac.metrics }}
- { apiGroups: [metrics.k8s.io], resources: [pods], verbs: [list] }
{{- end }}
{{- end -}}

{{- define "flamepin.joiningRules" -}}
- { apiGroups: [''], resources: [pods/ephemeralcontainers], verbs: [patch] }
{{- end -}}

{{- define "flamepin.subjects" -}}
- { kind: ServiceAccount, name: {{ include "flamepin.serviceAccount" . }}, namespace: {{ .Release.Namespace }} }
{{- end -}}
