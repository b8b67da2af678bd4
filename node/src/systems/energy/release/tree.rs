//! The partition of a year (P40): which leaves are joined into which cells (P42). Decided once, when the first
//! month of the year is released, and from floor area and users alone: what a month consumed decides
//! nothing here, so the shape of the tree tells nothing of it.
//!
//! Branches are classes and cells below them cities, because partners compare class by class: an unsafe leaf
//! loses its city before it loses its class.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cell::{CellName, Leaf},
    quantity::{City, Class},
    safety::Rule,
};

/// How a year's leaves are joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Each class is in at most one. A class that no branch names is a branch with no city of its own.
    pub branches: Vec<Branch>,
}

/// One class or class group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The classes; ascending.
    pub classes: Vec<Class>,
    /// Cities with a cell of their own; ascending. The others share one.
    pub cities: Vec<City>,
}

/// Area (m²) and users of an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Floor area, m².
    pub area_m2: i64,
    /// Energy users.
    pub users: i64,
}

impl Tree {
    /// Joins leaves until each cell is safe by area and users: unsafe cities of a class join to one cell, and
    /// take in the smallest safe city until that is safe; a class that stays unsafe as a whole joins the
    /// class group, which takes in the smallest safe class likewise.
    pub fn fix(rule: &Rule, leaves: &BTreeMap<Leaf, Vec<Size>>) -> Self {
        let classes: BTreeSet<Class> = leaves.keys().map(|leaf| leaf.class).collect();
        let (mut alone, mut group): (Vec<Class>, Vec<Class>) =
            classes.into_iter().partition(|class| split(rule, leaves, &[*class]).is_some());
        alone.sort_by_key(|class| (size_count(leaves, *class), *class));
        while !group.is_empty() && split(rule, leaves, &group).is_none() && !alone.is_empty() {
            group.push(alone.remove(0));
        }
        group.sort();
        let joined = (!group.is_empty()).then_some(group);
        let mut groups: Vec<Vec<Class>> = alone.into_iter().map(|class| vec![class]).chain(joined).collect();
        groups.sort();
        let branch = |classes: Vec<Class>| {
            let cities = split(rule, leaves, &classes).unwrap_or_default();
            Branch { classes, cities }
        };
        Self { branches: groups.into_iter().map(branch).collect() }
    }

    /// The cell a leaf belongs to, whether or not the tree has seen it.
    pub fn cell_of(&self, leaf: Leaf) -> CellName {
        match self.branches.iter().find(|branch| branch.classes.contains(&leaf.class)) {
            Some(Branch { classes, cities }) => {
                CellName { classes: classes.clone(), city: cities.contains(&leaf.city).then_some(leaf.city) }
            }
            None => CellName { classes: vec![leaf.class], city: None },
        }
    }
}

/// The cities that get a cell of their own when these classes are one branch; none if the branch is unsafe
/// even as one cell.
fn split(rule: &Rule, leaves: &BTreeMap<Leaf, Vec<Size>>, classes: &[Class]) -> Option<Vec<City>> {
    let mut cities: BTreeMap<City, Vec<Size>> = BTreeMap::new();
    for (leaf, sizes) in leaves.iter().filter(|(leaf, _)| classes.contains(&leaf.class)) {
        cities.entry(leaf.city).or_default().extend(sizes);
    }
    let (mut named, others): (Vec<_>, Vec<_>) =
        cities.into_iter().partition(|(_, sizes)| is_safe(rule, sizes));
    named.sort_by_key(|(city, sizes)| (sizes.len(), *city));
    let mut others: Vec<Size> = others.into_iter().flat_map(|(_, sizes)| sizes).collect();
    while !others.is_empty() && !is_safe(rule, &others) {
        if named.is_empty() {
            return None;
        }
        others.extend(named.remove(0).1);
    }
    let mut named: Vec<City> = named.into_iter().map(|(city, _)| city).collect();
    named.sort();
    Some(named)
}

fn is_safe(rule: &Rule, sizes: &[Size]) -> bool {
    rule.is_safe(sizes.iter().map(|size| size.area_m2)) && rule.is_safe(sizes.iter().map(|size| size.users))
}

fn size_count(leaves: &BTreeMap<Leaf, Vec<Size>>, class: Class) -> usize {
    leaves.iter().filter(|(leaf, _)| leaf.class == class).map(|(_, sizes)| sizes.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Leaves of (class, city, areas of its institutions).
    fn leaves(rows: &[(Class, u32, &[i64])]) -> BTreeMap<Leaf, Vec<Size>> {
        let size = |area_m2: &i64| Size { area_m2: *area_m2, users: 100 };
        rows.iter()
            .map(|(class, city, areas)| {
                (Leaf { class: *class, city: City::of_division(*city) }, areas.iter().map(size).collect())
            })
            .collect()
    }

    fn named(tree: &Tree) -> Vec<(Vec<Class>, Vec<u32>)> {
        let codes = |branch: &Branch| branch.cities.iter().map(|city| city.code()).collect();
        tree.branches.iter().map(|branch| (branch.classes.clone(), codes(branch))).collect()
    }

    /// Leaves, and the branches they make.
    type Case<'a> = (&'a str, Vec<(Class, u32, &'a [i64])>, Vec<(Vec<Class>, Vec<u32>)>);

    #[test]
    fn unsafe_leaves_join_their_siblings() {
        use Class::{Culture, Education, Science};
        let cases: [Case; 6] = [
            (
                "safe cities stand alone",
                vec![(Education, 230100, &[9; 5]), (Education, 230200, &[9; 6])],
                vec![(vec![Education], vec![230100, 230200])],
            ),
            (
                "two unsafe cities join",
                vec![(Education, 230100, &[9; 5]), (Education, 230200, &[9; 4]), (Education, 230300, &[9])],
                vec![(vec![Education], vec![230100])],
            ),
            (
                "a lone unsafe city takes in the smallest safe one",
                vec![(Education, 230100, &[9; 7]), (Education, 230200, &[9; 6]), (Education, 230300, &[9])],
                vec![(vec![Education], vec![230100])],
            ),
            (
                "a dominated city is unsafe",
                vec![(Education, 230100, &[99, 1, 1, 1, 1]), (Education, 230200, &[50; 5])],
                vec![(vec![Education], vec![])],
            ),
            (
                "a class that is unsafe as a whole joins the smallest other class",
                vec![(Education, 230100, &[9; 9]), (Science, 230100, &[9; 5]), (Culture, 230200, &[9; 2])],
                vec![(vec![Education], vec![230100]), (vec![Science, Culture], vec![])],
            ),
            ("nothing is left to join", vec![(Education, 230100, &[9; 4])], vec![(vec![Education], vec![])]),
        ];
        for (why, rows, expected) in cases {
            assert_eq!(named(&Tree::fix(&Rule::LAW, &leaves(&rows))), expected, "{why}");
        }
    }

    #[test]
    fn a_leaf_the_tree_has_not_seen_falls_to_the_other_cities() {
        let tree = Tree::fix(&Rule::LAW, &leaves(&[(Class::Education, 230100, &[9; 5])]));
        let cell = |class, code| tree.cell_of(Leaf { class, city: City::of_division(code) }).city;
        assert_eq!(cell(Class::Education, 230103), Some(City::of_division(230100)));
        assert_eq!(cell(Class::Education, 230200), None);
        assert_eq!(cell(Class::Sport, 230100), None);
    }
}
