using System.Runtime.InteropServices;
using BinarySize.Mapping;

namespace BinarySize.Attribution.Symbols;

/// <summary>
/// Gives every mangled symbol of a map the owners that its name speaks of: crate (package), namespaces, type and member
/// above the symbol itself. Works on the finished map, whatever format it came from. Linear in the symbols.
/// </summary>
public static class SymbolAttribution
{
    /// <summary>Hangs symbols below the owners in their names. Symbols that already belong to a type or member stay.</summary>
    public static void Apply(SizeMap map)
    {
        ArgumentNullException.ThrowIfNull(map);
        ReadOnlySpan<Owner> owners = map.Owners;
        int symbols = 0;
        foreach (ref readonly Owner owner in owners)
        {
            if (owner.Kind == OwnerKind.Symbol && owner.Name != 0) symbols++;
        }
        if (symbols == 0) return;

        var tree = new Tree(map.Names, owners.Length + symbols);
        var renumber = new int[owners.Length];
        var path = new SymbolPath();
        tree.Owners.Add(default);
        bool any = false;
        for (int i = 1; i < owners.Length; i++)
        {
            Owner owner = owners[i];
            int parent = renumber[owner.Parent];
            if (owner.Kind == OwnerKind.Symbol && (owner.Parent == 0 || owners[owner.Parent].Kind is OwnerKind.Package or OwnerKind.Assembly or OwnerKind.Component)
                && path.TryParse(map.Names.Bytes(owner.Name)))
            {
                any = true;
                for (int k = 0; k < path.Count; k++) parent = tree.Child(parent, path.KindOf(k), path.NameOf(k));
            }
            renumber[i] = tree.Owners.Count;
            tree.Owners.Add(new Owner(parent, owner.Name, owner.Kind));
        }
        if (any) map.ReplaceOwners([.. tree.Owners], renumber);
    }

    // Owners by parent, name, and whether they are functions. Open addressing; a place holds an owner's number.
    private sealed class Tree(NameTable names, int capacity)
    {
        private readonly ulong _seed = (ulong)Random.Shared.NextInt64() | 1;
        private int[] _places = new int[Math.Max(64, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(capacity, 1 << 20)))];
        private readonly List<ulong> _hashes = [];
        private readonly List<int> _nodes = [];

        public List<Owner> Owners { get; } = new(capacity);

        public int Child(int parent, OwnerKind kind, ReadOnlySpan<byte> name)
        {
            bool member = kind == OwnerKind.Member;
            ulong hash = Hash(parent, member, name);
            int mask = _places.Length - 1;
            for (int place = (int)hash & mask; ; place = (place + 1) & mask)
            {
                int node = _places[place] - 1;
                if (node < 0)
                {
                    Owners.Add(new Owner(parent, names.Add(name), kind));
                    _nodes.Add(Owners.Count - 1);
                    _hashes.Add(hash);
                    _places[place] = _nodes.Count;
                    if (_nodes.Count * 2 > _places.Length) Grow();
                    return Owners.Count - 1;
                }
                if (_hashes[node] != hash) continue;
                ref Owner owner = ref CollectionsMarshal.AsSpan(Owners)[_nodes[node]];
                if (owner.Parent != parent || owner.Kind == OwnerKind.Member != member || !names.Bytes(owner.Name).SequenceEqual(name)) continue;
                // One name that shows a scope to be a class is enough.
                if (kind == OwnerKind.Type && owner.Kind == OwnerKind.Namespace) owner = owner with { Kind = OwnerKind.Type };
                return _nodes[node];
            }
        }

        private void Grow()
        {
            _places = new int[_places.Length * 2];
            int mask = _places.Length - 1;
            for (int node = 0; node < _nodes.Count; node++)
            {
                int place = (int)_hashes[node] & mask;
                while (_places[place] != 0) place = (place + 1) & mask;
                _places[place] = node + 1;
            }
        }

        // Eight bytes a step; seeded by chance, so that a file cannot choose names that collide.
        private ulong Hash(int parent, bool member, ReadOnlySpan<byte> name)
        {
            ulong hash = Mix(_seed ^ (uint)parent ^ ((ulong)(uint)name.Length << 33) ^ (member ? 1UL << 32 : 0));
            while (name.Length >= 8)
            {
                hash = Mix(hash ^ MemoryMarshal.Read<ulong>(name));
                name = name[8..];
            }
            ulong rest = 0;
            foreach (byte b in name) rest = rest << 8 | b;
            return Mix(hash ^ rest);
        }

        private ulong Mix(ulong value)
        {
            ulong high = Math.BigMul(value ^ 0x9E37_79B9_7F4A_7C15, _seed | 0xA5A5_0000_0000_0001, out ulong low);
            return high ^ low;
        }
    }
}
