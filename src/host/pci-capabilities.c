/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-capabilities.h"

#include <pci/pci.h>

static const char *const plain_names[] = {
    [PCI_CAP_ID_NULL] = "Null",
    [PCI_CAP_ID_PM] = "Power Management",
    [PCI_CAP_ID_AGP] = "AGP",
    [PCI_CAP_ID_VPD] = "Vital Product Data",
    [PCI_CAP_ID_SLOTID] = "Slot ID",
    [PCI_CAP_ID_MSI] = "MSI",
    [PCI_CAP_ID_CHSWP] = "CompactPCI hot-swap",
    [PCI_CAP_ID_PCIX] = "PCI-X",
    [PCI_CAP_ID_HT] = "HyperTransport",
    [PCI_CAP_ID_VNDR] = "Vendor Specific Information",
    [PCI_CAP_ID_DBG] = "Debug port",
    [PCI_CAP_ID_CCRC] = "CompactPCI central resource control",
    [PCI_CAP_ID_HOTPLUG] = "Hot-plug capable",
    [PCI_CAP_ID_SSVID] = "Subsystem",
    [PCI_CAP_ID_AGP3] = "AGP3",
    [PCI_CAP_ID_SECURE] = "Secure device",
    [PCI_CAP_ID_EXP] = "Express",
    [PCI_CAP_ID_MSIX] = "MSI-X",
    [PCI_CAP_ID_SATA] = "SATA HBA",
    [PCI_CAP_ID_AF] = "PCI Advanced Features",
    [PCI_CAP_ID_EA] = "Enhanced Allocation (EA)",
};

static const char *const extended_names[] = {
    [PCI_EXT_CAP_ID_NULL] = "Null",
    [PCI_EXT_CAP_ID_AER] = "Advanced Error Reporting",
    [PCI_EXT_CAP_ID_VC] = "Virtual Channel",
    [PCI_EXT_CAP_ID_DSN] = "Device Serial Number",
    [PCI_EXT_CAP_ID_PB] = "Power Budgeting",
    [PCI_EXT_CAP_ID_RCLINK] = "Root Complex Link",
    [PCI_EXT_CAP_ID_RCILINK] = "Root Complex Internal Link",
    [PCI_EXT_CAP_ID_RCEC] = "Root Complex Event Collector Endpoint Association",
    [PCI_EXT_CAP_ID_MFVC] = "Multi-Function Virtual Channel",
    [PCI_EXT_CAP_ID_VC2] = "Virtual Channel",
    [PCI_EXT_CAP_ID_RCRB] = "Root Complex Register Block",
    [PCI_EXT_CAP_ID_VNDR] = "Vendor Specific Information",
    [PCI_EXT_CAP_ID_ACS] = "Access Control Services",
    [PCI_EXT_CAP_ID_ARI] = "Alternative Routing-ID Interpretation (ARI)",
    [PCI_EXT_CAP_ID_ATS] = "Address Translation Service (ATS)",
    [PCI_EXT_CAP_ID_SRIOV] = "Single Root I/O Virtualization (SR-IOV)",
    [PCI_EXT_CAP_ID_MRIOV] = "Multi-Root I/O Virtualization",
    [PCI_EXT_CAP_ID_MCAST] = "Multicast",
    [PCI_EXT_CAP_ID_PRI] = "Page Request Interface (PRI)",
    [PCI_EXT_CAP_ID_REBAR] = "Physical Resizable BAR",
    [PCI_EXT_CAP_ID_DPA] = "Dynamic Power Allocation",
    [PCI_EXT_CAP_ID_TPH] = "Transaction Processing Hints",
    [PCI_EXT_CAP_ID_LTR] = "Latency Tolerance Reporting",
    [PCI_EXT_CAP_ID_SECPCI] = "Secondary PCI Express",
    [PCI_EXT_CAP_ID_PMUX] = "Protocol Multiplexing",
    [PCI_EXT_CAP_ID_PASID] = "Process Address Space ID (PASID)",
    [PCI_EXT_CAP_ID_LNR] = "LN Requester",
    [PCI_EXT_CAP_ID_DPC] = "Downstream Port Containment",
    [PCI_EXT_CAP_ID_L1PM] = "L1 PM Substates",
    [PCI_EXT_CAP_ID_PTM] = "Precision Time Measurement",
    [PCI_EXT_CAP_ID_M_PCIE] = "PCI Express over M_PHY",
    [PCI_EXT_CAP_ID_FRS] = "FRS Queueing",
    [PCI_EXT_CAP_ID_RTR] = "Readiness Time Reporting",
    [PCI_EXT_CAP_ID_DVSEC] = "Designated Vendor-Specific",
    [PCI_EXT_CAP_ID_VF_REBAR] = "Virtual Resizable BAR",
    [PCI_EXT_CAP_ID_DLNK] = "Data Link Feature",
    [PCI_EXT_CAP_ID_16GT] = "Physical Layer 16.0 GT/s",
    [PCI_EXT_CAP_ID_LMR] = "Lane Margining at the Receiver",
    [PCI_EXT_CAP_ID_HIER_ID] = "Hierarchy ID",
    [PCI_EXT_CAP_ID_NPEM] = "Native PCIe Enclosure Management",
    [PCI_EXT_CAP_ID_DOE] = "Data Object Exchange",
};

const char *pci_capability_name(guint id, gboolean extended)
{
    const char *const *names = extended ? extended_names : plain_names;
    gsize length = extended ? G_N_ELEMENTS(extended_names) : G_N_ELEMENTS(plain_names);
    return id < length ? names[id] : NULL;
}
