namespace BinarySize.Shrinking.Cuts;

/// <summary>Which cuts a project asks for: those of its items, a profile's among them, and what the property BinarySizeCuts adds and takes away.</summary>
public static class CutChoice
{
    /// <summary>The cuts wanted; a name that is kept out and that nobody knows is a finding.</summary>
    /// <param name="items">Items BinarySizeCut, in their order, and whether a profile made them.</param>
    /// <param name="more">The property: names, "-name" for one that is kept out, "none" for none of the profile's, between ';'.</param>
    /// <param name="catalogue">The cuts known by name.</param>
    /// <param name="folder">The project's folder, absolute: files are relative to it.</param>
    /// <param name="findings">Takes what there is to say.</param>
    public static List<WantedCut> Of(IEnumerable<(string Name, bool ByProfile)> items, string more, CutCatalogue catalogue, string folder, ICollection<CutFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(more);
        ArgumentNullException.ThrowIfNull(catalogue);
        ArgumentNullException.ThrowIfNull(findings);
        List<WantedCut> wanted = [.. items.Select(i => new WantedCut(i.Name, i.ByProfile ? null : FileOf(i.Name, folder), i.ByProfile))];
        foreach (string entry in more.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (entry.Equals("none", StringComparison.OrdinalIgnoreCase))
            {
                wanted.RemoveAll(w => w.ByProfile);
                continue;
            }
            string name = entry.TrimStart('-').Trim();
            string? file = FileOf(name, folder);
            if (!entry.StartsWith('-'))
            {
                wanted.Add(new WantedCut(name, file, ByProfile: false));
                continue;
            }
            // One that is not taken can be kept out as well; one that does not exist is a typo.
            if (file is null && catalogue.Find(name) is null)
            {
                string meant = catalogue.Nearest(name) is { } near ? $" Did you mean '{near}'?" : "";
                findings.Add(new CutFinding(FindingSeverity.Error, CutCodes.Unknown, $"BinarySizeCuts keeps '{name}' out, which is not in the catalogue.{meant}", name));
            }
            wanted.RemoveAll(w => file is null ? w.File is null && catalogue.Find(w.Name) == catalogue.Find(name) : w.File == file);
        }
        return wanted;
    }

    private static string? FileOf(string name, string folder) => name.EndsWith(".xml", StringComparison.OrdinalIgnoreCase) ? Path.GetFullPath(name, folder) : null;
}
