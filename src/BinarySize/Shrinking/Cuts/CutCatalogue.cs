using BinarySize.IO;

namespace BinarySize.Shrinking.Cuts;

/// <summary>The cuts that come with the package: a folder of NAME.xml and NAME.json, a folder a library.</summary>
public sealed class CutCatalogue
{
    private readonly SortedDictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="folder">Its folder; one that does not exist is an empty catalogue.</param>
    public CutCatalogue(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) return;
        foreach (string library in Directory.EnumerateDirectories(folder))
        {
            foreach (string file in Directory.EnumerateFiles(library, "*.xml")) _files[$"{Path.GetFileName(library)}/{Path.GetFileNameWithoutExtension(file)}"] = file;
        }
    }

    /// <summary>Names, "Library/Cut", sorted.</summary>
    public IReadOnlyCollection<string> Names => _files.Keys;

    /// <summary>The name as the catalogue writes it; null for none of it.</summary>
    public string? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string wanted = name.Replace('\\', '/');
        return _files.Keys.FirstOrDefault(n => n.Equals(wanted, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What a user may have meant; null where nothing is close.</summary>
    public string? Nearest(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        // "XmlAndData" alone is as good as a name.
        return IO.Nearest.Find(name.Replace('\\', '/'), Names) ?? Names.FirstOrDefault(n => IO.Nearest.Find(name, [n[(n.IndexOf('/', StringComparison.Ordinal) + 1)..]]) is not null);
    }

    /// <summary>The substitution file of a name of <see cref="Names"/>.</summary>
    public string FileOf(string name) => _files[name];

    /// <summary>The manifest of a name of <see cref="Names"/>.</summary>
    /// <exception cref="BadJsonException">It is not a manifest.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CutManifest ManifestOf(string name) => CutManifest.Parse(File.ReadAllBytes(Path.ChangeExtension(_files[name], ".json")));
}
